package app.tugs.job;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Positive;

/** What a ship asks for. */
public record Order(@NotBlank String ship, @Positive @Max(120) int pull) {
}
