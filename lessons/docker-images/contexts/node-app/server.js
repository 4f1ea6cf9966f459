const express = require('express');
const dayjs = require('dayjs');

const app = express();
const started = dayjs();

app.get('/', (req, res) => {
  res.json({ now: dayjs().format('HH:mm'), upSince: started.format('HH:mm') });
});

const server = app.listen(process.env.PORT || 3000);

process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
});
