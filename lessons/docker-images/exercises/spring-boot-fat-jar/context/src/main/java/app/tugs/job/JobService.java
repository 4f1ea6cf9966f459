package app.tugs.job;

import java.time.Clock;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

import app.tugs.fleet.Fleet;

import org.springframework.stereotype.Service;

/** Knows which tug works for whom. */
@Service
public class JobService {

    private final Fleet fleet;
    private final Clock clock;
    private final Map<Long, Job> jobs = new TreeMap<>();
    private long last;

    public JobService(Fleet fleet, Clock clock) {
        this.fleet = fleet;
        this.clock = clock;
    }

    public synchronized Optional<Job> order(Order order) {
        var busy = jobs.values().stream().map(job -> job.tug().name()).collect(Collectors.toSet());
        return fleet.fitting(order.pull(), busy).map(tug -> {
            var job = new Job(++last, order.ship(), tug, clock.instant());
            jobs.put(job.id(), job);
            return job;
        });
    }

    public synchronized boolean finish(long id) {
        return jobs.remove(id) != null;
    }

    public synchronized Collection<Job> open() {
        return jobs.values().stream().toList();
    }
}
