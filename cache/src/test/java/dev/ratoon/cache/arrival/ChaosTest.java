package dev.ratoon.cache.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.arrival.FakeSource.Behaviour;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sources that do everything that is wrong, and hosts that are restarted meanwhile: as long as
 * there is one honest source, the base arrives. More of it: {@code -Dratoon.chaos=500}.
 */
class ChaosTest {
  private static final int ROUNDS = Integer.getInteger("ratoon.chaos", 8);
  private static final int SIZE = 4 << 20;

  @TempDir Path work;

  static LongStream seeds() {
    return LongStream.range(0, ROUNDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aBaseArrivesWhateverHappens(long seed) throws Exception {
    Random random = new Random(seed);
    TestBase base = TestBase.random(work, SIZE + 512 * random.nextInt(8), seed);
    try (TestHost host =
        new TestHost(work.resolve("cache"), 4 + random.nextInt(60), "self", TestHost.HASTE)) {
      if (random.nextBoolean()) {
        TestBase relative = relative(base, random);
        host.bring(relative, host.source("old", Source.Kind.SHARE, relative)).result().join();
      }
      List<FakeSource> sources = new ArrayList<>();
      sources.add(
          host.source("honest", kind(random), base)
              .withFreeThread(random.nextBoolean())
              .opening(FeedListener::hasAll));
      for (int i = 0; i < 4; i++) {
        sources.add(bad(host, "bad-" + i, base, random));
      }
      for (int restart = random.nextInt(3); restart > 0; restart--) {
        ArrivalTicket ticket = host.bring(base, sources.toArray(Source[]::new));
        host.pause(Duration.ofMillis(random.nextInt(3000)));
        host.restart();
        assertEndedWell(ticket);
      }

      Base arrived = host.bring(base, sources.toArray(Source[]::new)).result().join();

      assertThat(Arrays.equals(host.read(arrived), base.content())).isTrue();
      assertThat(host.incoming()).isEmpty();
      assertThat(host.left()).doesNotContain("honest WRONG_CONTENT");
    }
  }

  private static void assertEndedWell(ArrivalTicket ticket) {
    try {
      Base _ = ticket.result().join();
    } catch (CompletionException e) {
      assertThat(e.getCause()).isInstanceOf(RatoonException.class);
      assertThat(e.getCause()).hasMessageContaining("interrupted");
    }
  }

  private TestBase relative(TestBase base, Random random) throws Exception {
    byte[] content = base.content().clone();
    for (int i = 0; i < 100; i++) {
      content[random.nextInt(content.length)]++;
    }
    return TestBase.of(work, content);
  }

  private static Source.Kind kind(Random random) {
    List<Source.Kind> kinds = List.copyOf(EnumSet.allOf(Source.Kind.class));
    return kinds.get(random.nextInt(kinds.size()));
  }

  private static FakeSource bad(TestHost host, String name, TestBase base, Random random) {
    FakeSource source = host.source(name, kind(random), base).withFreeThread(random.nextBoolean());
    if (random.nextBoolean()) {
      long first = random.nextInt((int) base.chunks());
      source.opening(l -> l.has(first, 20));
    }
    byte[] list = base.list().clone();
    list[random.nextInt(list.length)] ^= 1;
    byte[] manifest = base.manifestBytes().clone();
    manifest[random.nextInt(manifest.length)] ^= 1;
    return switch (random.nextInt(4)) {
      case 0 -> source.withList(Optional.of(list)).behaving(behaviour(source, host, random));
      case 1 -> source.withManifest(manifest).behaving(behaviour(source, host, random));
      case 2 -> source.withManifest(new byte[0]).behaving(behaviour(source, host, random));
      default -> source.behaving(behaviour(source, host, random));
    };
  }

  private static Behaviour behaviour(FakeSource source, TestHost host, Random random) {
    long seed = random.nextLong();
    Random own = new Random(seed);
    return (_, right, reply) -> {
      switch (own.nextInt(12)) {
        case 0 -> {
          right[own.nextInt(right.length)] ^= 4;
          reply.arrived(ByteBuffer.wrap(right));
        }
        case 1 -> reply.arrived(ByteBuffer.wrap(right, 0, own.nextInt(right.length)));
        case 2 -> reply.failed(Problem.of(ErrorCode.BUSY, "sending"));
        case 3 -> reply.failed(FakeSource.problem("not here"));
        case 4 -> source.listener().failed(FakeSource.problem("cable out"));
        case 5 -> {
          // nothing at all
        }
        case 6 -> {
          reply.arrived(ByteBuffer.wrap(right));
          reply.arrived(ByteBuffer.wrap(right));
          reply.failed(FakeSource.problem("said twice"));
        }
        case 7 -> {
          host.pause(Duration.ofMillis(own.nextInt(2000)));
          reply.arrived(ByteBuffer.wrap(right));
        }
        default -> reply.arrived(ByteBuffer.wrap(right));
      }
    };
  }
}
