package app.tugs.job;

import java.time.Instant;

import app.tugs.fleet.Tug;

/** A tug at work for a ship. */
public record Job(long id, String ship, Tug tug, Instant since) {
}
