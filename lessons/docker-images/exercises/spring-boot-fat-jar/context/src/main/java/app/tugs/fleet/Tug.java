package app.tugs.fleet;

/** A tug and the pull it has at the bollard, in tonnes. */
public record Tug(String name, int bollardPull) {
}
