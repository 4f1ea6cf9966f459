package app.tugs.job;

import java.util.Collection;

import jakarta.validation.Valid;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

@RestController
@RequestMapping("/jobs")
class JobController {

    private final JobService jobs;

    JobController(JobService jobs) {
        this.jobs = jobs;
    }

    @GetMapping
    Collection<Job> open() {
        return jobs.open();
    }

    @PostMapping
    @ResponseStatus(HttpStatus.CREATED)
    Job order(@Valid @RequestBody Order order) {
        return jobs.order(order)
                .orElseThrow(() -> new ResponseStatusException(HttpStatus.CONFLICT, "no fitting tug is free"));
    }

    @DeleteMapping("/{id}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void finish(@PathVariable long id) {
        if (!jobs.finish(id)) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "no such job");
        }
    }
}
