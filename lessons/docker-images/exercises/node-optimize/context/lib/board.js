'use strict';

const dayjs = require('dayjs');

/** The ships at their berths, kept in memory. A berth holds one ship at a time. */
class Board {
  #stays = new Map();

  constructor(names) {
    for (const name of names) this.#stays.set(name, null);
  }

  list(now = dayjs()) {
    return [...this.#stays].map(([berth, stay]) => ({
      berth,
      ship: stay && stay.until.isAfter(now) ? stay.ship : null,
      until: stay && stay.until.isAfter(now) ? stay.until.toISOString() : null,
    }));
  }

  has(berth) {
    return this.#stays.has(berth);
  }

  isFree(berth, now = dayjs()) {
    const stay = this.#stays.get(berth);
    return !stay || !stay.until.isAfter(now);
  }

  moor(berth, ship, hours, now = dayjs()) {
    this.#stays.set(berth, { ship, until: now.add(hours, 'hour') });
  }

  leave(berth) {
    this.#stays.set(berth, null);
  }
}

module.exports = { Board };
