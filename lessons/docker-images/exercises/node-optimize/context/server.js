'use strict';

require('dotenv').config();

const path = require('node:path');
const compression = require('compression');
const cors = require('cors');
const express = require('express');
const helmet = require('helmet');
const pinoHttp = require('pino-http');
const { rateLimit } = require('express-rate-limit');

const log = require('./lib/log');
const settings = require('./lib/settings');
const berths = require('./routes/berths');
const health = require('./routes/health');

const app = express();
app.disable('x-powered-by');
app.use(pinoHttp({ logger: log }));
app.use(helmet());
app.use(cors({ origin: settings.origins }));
app.use(compression());
app.use(express.json({ limit: '16kb' }));
app.use(express.static(path.join(__dirname, 'public'), { maxAge: '1h' }));
app.use('/healthz', health);
app.use('/api/berths', rateLimit({ windowMs: 60_000, limit: 120 }), berths);

if (require.main === module) {
  const server = app.listen(settings.port, () => log.info({ port: settings.port }, 'the board is up'));
  process.on('SIGTERM', () => {
    log.info('closing');
    server.close(() => process.exit(0));
  });
}

module.exports = app;
