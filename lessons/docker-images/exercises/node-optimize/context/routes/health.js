'use strict';

const { Router } = require('express');

const started = Date.now();

module.exports = Router().get('/', (req, res) => {
  res.json({ ok: true, seconds: Math.round((Date.now() - started) / 1000) });
});
