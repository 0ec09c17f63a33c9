package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to an arrival when the disk is full. */
class FullDiskTest {
  private static final int SIZE = 24 << 20;

  @TempDir Path work;
  private Path disk;
  private TestHost host;
  private TestBase base;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(work.resolve("disk"));
    run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk.toString());
    host = new TestHost(disk.resolve("cache"));
    base = TestBase.random(work, SIZE, 1);
  }

  @AfterEach
  void unmount() throws Exception {
    host.close();
    run("umount", disk.toString());
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeItIsFetched() throws Exception {
    fill(40 << 20);
    FakeSource peer = host.source("peer", READY_PEER, base);

    TestHost.assertFails(host.bring(base, peer), ErrorCode.DISK_FULL);

    assertThat(peer.requests()).isEmpty();
  }

  @Test
  void aDiskThatFillsUpMeanwhileFailsTheArrivalAndKeepsWhatHasCome() throws Exception {
    CountDownLatch some = new CountDownLatch(100);
    CountDownLatch filled = new CountDownLatch(1);
    FakeSource peer = host.source("peer", READY_PEER, base).withFreeThread(true);
    peer.behaving((_, right, reply) -> {
      some.countDown();
      if (some.getCount() == 0) {
        TestHost.await(filled);
      }
      reply.arrived(ByteBuffer.wrap(right));
    });
    ArrivalTicket ticket = host.bring(base, peer);
    TestHost.await(some);
    Path filler = fill(64 << 20);
    filled.countDown();

    assertThat(TestHost.assertFails(ticket, ErrorCode.DISK_FULL).next()).isNotEmpty();
    assertThat(host.cache().find(base.id())).isEmpty();

    Files.delete(filler);
    ArrivalTicket again = host.bring(base, peer);
    Base arrived = again.result().join();
    assertThat(Files.readAllBytes(arrived.path())).isEqualTo(base.content());
    assertThat(again.progress().resumedBytes()).isPositive();
  }

  /** A base whose blocks another one has mostly needs as much room as what differs. */
  @Test
  void aDeltaFitsWhereAllOfItWouldNotAndFailsAndGoesOnAsOthersDo() throws Exception {
    host.bring(base, host.source("peer", READY_PEER, base)).result().join();
    TestBase upgraded = base.upgraded(work, SIZE, SIZE / TestBase.BLOCK / 3, 2);
    CountDownLatch some = new CountDownLatch(50);
    CountDownLatch filled = new CountDownLatch(1);
    FakeSource peer = host.source("peer", READY_PEER, upgraded);
    peer.behaving((_, right, reply) -> {
      some.countDown();
      if (some.getCount() == 0) {
        TestHost.await(filled);
      }
      reply.arrived(ByteBuffer.wrap(right));
    });
    ArrivalTicket ticket = host.bring(upgraded, peer);
    TestHost.await(some);
    Path filler = fill(64 << 20);
    filled.countDown();

    TestHost.assertFails(ticket, ErrorCode.DISK_FULL);

    Files.delete(filler);
    Base arrived = host.bring(upgraded, peer).result().join();
    assertThat(arrived.path()).hasFileName(upgraded.id() + ".delta.qcow2");
    assertThat(Arrays.equals(host.read(arrived), upgraded.content())).isTrue();
  }

  /** Takes so much of the disk, or all that is left. */
  private Path fill(int bytes) throws IOException {
    Path filler = disk.resolve("filler");
    try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
      byte[] piece = new byte[4096];
      for (int i = 0; i < bytes / piece.length; i++) {
        file.write(piece);
      }
    } catch (IOException full) {
      // as it should be
    }
    return filler;
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }
}
