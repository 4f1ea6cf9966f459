'use strict';

const express = require('express');
const { z } = require('zod');
const { Board } = require('../lib/board');

const board = new Board(['north-1', 'north-2', 'south-1', 'south-2', 'slip']);
const stay = z.object({ ship: z.string().min(1).max(60), hours: z.number().min(0.5).max(72) });

const router = express.Router();

router.get('/', (req, res) => res.json(board.list()));

router.put('/:berth', (req, res) => {
  const { berth } = req.params;
  const wanted = stay.safeParse(req.body);
  if (!board.has(berth)) return res.status(404).json({ error: 'no such berth' });
  if (!wanted.success) return res.status(422).json({ error: 'a ship and its hours, please' });
  if (!board.isFree(berth)) return res.status(409).json({ error: 'the berth is taken' });
  board.moor(berth, wanted.data.ship, wanted.data.hours);
  return res.status(201).end();
});

router.delete('/:berth', (req, res) => {
  if (!board.has(req.params.berth)) return res.status(404).json({ error: 'no such berth' });
  board.leave(req.params.berth);
  return res.status(204).end();
});

module.exports = router;
