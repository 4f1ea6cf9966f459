package app.tugs;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class TugOrdersApplication {

    public static void main(String[] args) {
        SpringApplication.run(TugOrdersApplication.class, args);
    }
}
