package app.tide;

import java.time.Duration;
import java.time.Instant;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class TideApplication {

    private final Instant started = Instant.now();

    public static void main(String[] args) {
        SpringApplication.run(TideApplication.class, args);
    }

    @GetMapping("/")
    String up() {
        return "up for " + Duration.between(started, Instant.now()).toMinutes() + " minutes";
    }
}
