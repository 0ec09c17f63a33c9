package dev.ratoon.agent.fleet;

import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renews the host's certificate when a third of its life is left, and tries again until it can. */
final class Renewal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Renewal.class);
  private static final Duration LOOK_EVERY = Duration.ofHours(1);

  private final RemoteServer server;
  private final Path folder;
  private final InstantSource clock;
  private final ScheduledExecutorService schedule =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("renewal").daemon().factory());

  Renewal(RemoteServer server, Path folder, InstantSource clock) {
    this.server = server;
    this.folder = folder;
    this.clock = clock;
  }

  void start() {
    var _ =
        schedule.scheduleWithFixedDelay(this::look, 0, LOOK_EVERY.toSeconds(), TimeUnit.SECONDS);
  }

  void look() {
    try {
      X509Certificate certificate = HostKey.read(folder).certificate();
      if (isDue(certificate, clock.instant())) {
        server.renew();
        LOG.info("The host's certificate was renewed");
      }
    } catch (RatoonException failed) {
      LOG.warn("The host's certificate was not renewed: {}", failed.problem().oneLine());
    }
  }

  static boolean isDue(X509Certificate certificate, Instant now) {
    Instant begins = certificate.getNotBefore().toInstant();
    Instant ends = certificate.getNotAfter().toInstant();
    return now.isAfter(ends.minus(Duration.between(begins, ends).dividedBy(3)));
  }

  @Override
  public void close() {
    schedule.shutdownNow();
  }
}
