'use strict';

const pino = require('pino');
const settings = require('./settings');

module.exports = pino({ level: settings.level, base: undefined });
