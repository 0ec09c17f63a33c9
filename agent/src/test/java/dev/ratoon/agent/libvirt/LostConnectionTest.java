package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.libvirt.LibvirtException;

/** What becomes of calls when libvirt's daemon dies under them. */
@EnabledIf("dev.ratoon.agent.libvirt.PrivateLibvirtd#possible")
final class LostConnectionTest {
  private static final int LOSSES = 8;
  private static final int CALLS_BETWEEN = 30;
  private static final Duration LONGEST_CALL = Duration.ofSeconds(15);
  private static Path folder;
  private static PrivateLibvirtd libvirtd;

  @BeforeAll
  static void begin() throws IOException {
    libvirtd = new PrivateLibvirtd();
    folder = libvirtd.folder();
  }

  @AfterAll
  static void end() throws IOException {
    libvirtd.close();
  }

  @Test
  void callsAtOnceNeverShareAConnection() throws LibvirtException {
    EventLoop.ensureRunning();
    CallConnections calls = new CallConnections(libvirtd.uri());
    Connection first =
        calls.use(outer -> {
          Connection other = calls.use(inner -> inner);
          assertThat(other).isNotSameAs(outer);
          assertThat(calls.<Connection>use(inner -> inner)).isSameAs(other);
          return outer;
        });
    assertThat(calls.<Connection>use(again -> again)).isSameAs(first);

    Connection late =
        calls.use(under -> {
          calls.retire();
          assertThat(under.isAlive()).isTrue();
          return under;
        });
    assertThat(late.isConnected()).isFalse();
  }

  @Test
  void aConnectionThatDiedUnusedIsReplaced() throws LibvirtException {
    EventLoop.ensureRunning();
    CallConnections calls = new CallConnections(libvirtd.uri());
    Connection old = calls.use(connection -> connection);
    libvirtd.kill();
    libvirtd.bringBack();
    PrivateLibvirtd.await(() -> !old.isOpen(), "the loss to be noticed");
    Connection other = calls.use(connection -> connection);
    assertThat(other).isNotSameAs(old);
    assertThat(other.isOpen()).isTrue();
    calls.retire();
  }

  @Test
  void noCallOutlivesTheDaemonThatItWasMadeTo() throws InterruptedException {
    try (Hypervisor hypervisor = LibvirtHypervisor.open(libvirtd.uri(), Accelerator.TCG)) {
      Queue<String> wrong = new ConcurrentLinkedQueue<>();
      AtomicInteger succeeded = new AtomicInteger();
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        DomainSpec spec = spec(i);
        callers.add(caller(wrong, succeeded, () -> startAndDestroy(hypervisor, spec)));
        callers.add(caller(wrong, succeeded, hypervisor::blockJobs));
      }
      for (int loss = 0; loss < LOSSES; loss++) {
        int before = succeeded.get();
        PrivateLibvirtd.await(() -> succeeded.get() >= before + CALLS_BETWEEN, "calls to succeed");
        libvirtd.kill();
        libvirtd.bringBack();
      }
      for (Thread caller : callers) {
        caller.interrupt();
        assertThat(caller.join(LONGEST_CALL)).isTrue();
      }
      assertThat(wrong).isEmpty();
    }
  }

  private static void startAndDestroy(Hypervisor hypervisor, DomainSpec spec) {
    try {
      hypervisor.start(spec);
    } finally {
      hypervisor.destroy(spec.id());
    }
  }

  /** Calls again and again until it is interrupted. */
  private static Thread caller(Queue<String> wrong, AtomicInteger succeeded, Runnable call) {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!Thread.currentThread().isInterrupted()) {
            long before = System.nanoTime();
            try {
              call.run();
              succeeded.incrementAndGet();
            } catch (RatoonException failed) {
              if (failed.problem().code() == ErrorCode.TIMED_OUT) {
                wrong.add(failed.toString());
              }
            }
            Duration took = Duration.ofNanos(System.nanoTime() - before);
            if (took.compareTo(LONGEST_CALL) > 0) {
              wrong.add("a call took " + took);
            }
          }
        });
  }

  private static DomainSpec spec(int number) {
    return new DomainSpec(
        new VmId(UUID.randomUUID()),
        "web-" + number,
        "acme",
        3,
        1,
        64L << 20,
        List.of(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        folder.resolve("console-" + number),
        Optional.empty(),
        false,
        Optional.empty());
  }
}
