const request = require('supertest');

process.env.LOG_LEVEL = 'silent';
const app = require('../server');

test('a free berth takes a ship, a taken one does not', async () => {
  await request(app).put('/api/berths/slip').send({ ship: 'Marlin', hours: 2 }).expect(201);
  await request(app).put('/api/berths/slip').send({ ship: 'Dorade', hours: 1 }).expect(409);
  const { body } = await request(app).get('/api/berths').expect(200);
  expect(body.find((b) => b.berth === 'slip').ship).toBe('Marlin');
});

test('an unknown berth is not found', () => request(app).delete('/api/berths/west-9').expect(404));
