const dayjs = require('dayjs');
const { Board } = require('../lib/board');

test('a berth is free again when the stay is over', () => {
  const board = new Board(['slip']);
  const noon = dayjs('2026-06-01T12:00:00Z');
  board.moor('slip', 'Marlin', 2, noon);
  expect(board.isFree('slip', noon.add(1, 'hour'))).toBe(false);
  expect(board.isFree('slip', noon.add(3, 'hour'))).toBe(true);
});
