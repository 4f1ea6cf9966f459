'use strict';

const { z } = require('zod');

const schema = z.object({
  PORT: z.coerce.number().int().positive().default(3000),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  ORIGINS: z.string().default('*'),
});

const env = schema.parse(process.env);

module.exports = {
  port: env.PORT,
  level: env.LOG_LEVEL,
  origins: env.ORIGINS === '*' ? '*' : env.ORIGINS.split(','),
};
