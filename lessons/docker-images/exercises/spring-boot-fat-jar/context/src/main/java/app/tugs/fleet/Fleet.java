package app.tugs.fleet;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.springframework.stereotype.Component;

/** The tugs of the harbour. */
@Component
public class Fleet {

    private final List<Tug> tugs = List.of(new Tug("Bruin", 35), new Tug("Otter", 50), new Tug("Walrus", 80));

    public List<Tug> all() {
        return tugs;
    }

    /** The weakest free tug that is strong enough: the strong ones are kept for those who need them. */
    public Optional<Tug> fitting(int pull, Set<String> busy) {
        return tugs.stream()
                .filter(tug -> tug.bollardPull() >= pull && !busy.contains(tug.name()))
                .min(Comparator.comparingInt(Tug::bollardPull));
    }
}
