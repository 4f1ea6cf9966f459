package app.tugs.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;

import app.tugs.fleet.Fleet;

import org.junit.jupiter.api.Test;

class JobServiceTest {

    private final JobService jobs = new JobService(new Fleet(), Clock.systemUTC());

    @Test
    void theWeakestFittingTugIsSent() {
        assertThat(jobs.order(new Order("Marlin", 40))).hasValueSatisfying(
                job -> assertThat(job.tug().name()).isEqualTo("Otter"));
    }

    @Test
    void aBusyTugIsNotSentTwice() {
        jobs.order(new Order("Marlin", 60));
        assertThat(jobs.order(new Order("Dorade", 60))).isEmpty();
    }

    @Test
    void aFinishedJobFreesItsTug() {
        var job = jobs.order(new Order("Marlin", 60)).orElseThrow();
        assertThat(jobs.finish(job.id())).isTrue();
        assertThat(jobs.order(new Order("Dorade", 60))).isPresent();
    }
}
