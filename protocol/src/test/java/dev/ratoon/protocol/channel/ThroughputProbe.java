package dev.ratoon.protocol.channel;

import dev.ratoon.model.Problem;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How fast one connection is, with both ends in this process: prints GB/s and the processor time
 * that both ends took together. {@code sha} makes the receiver hash each chunk, {@code text} sends
 * what can be packed. No test; run it on an idle machine.
 */
final class ThroughputProbe {
  private static final int CHUNKS = 16 * Limits.RUN_PIECES;
  private static final int ROUNDS = 6;

  private ThroughputProbe() {}

  public static void main(String[] arguments) throws InterruptedException {
    List<String> words = List.of(arguments);
    Packing packing = words.contains("never") ? Packing.NEVER : Packing.WHERE_FASTER;
    byte[] content = words.contains("text") ? text() : FakeBase.noise(1 << 20, 1);
    try (Link link = new Link(Link.serving(packing, Rates.none()), AskerSettings.usual())) {
      PeerConnection connection = link.connect();
      link.bases.clear();
      PeerStream stream =
          connection.stream(
              link.give(FakeBase.endless(content, CHUNKS)), Link.GRANT, new Link.Heard());
      for (int round = 0; round < ROUNDS; round++) {
        round(link, stream, words.contains("sha"));
      }
    }
  }

  private static void round(Link link, PeerStream stream, boolean hashed)
      throws InterruptedException {
    long wireBefore = link.client.traffic().wireBytesIn();
    long cpuBefore = cpuNanos();
    long began = System.nanoTime();
    CountDownLatch requests = new CountDownLatch(CHUNKS / Limits.RUN_PIECES);
    Sink sink = new Sink(requests, hashed);
    for (int first = 0; first < CHUNKS; first += Limits.RUN_PIECES) {
      ChunkRequest _ =
          stream.request(
              Part.CONTENT, List.of(Run.of(first, Limits.RUN_PIECES)), Priority.DEPLOY, sink);
    }
    requests.await();
    double seconds = (System.nanoTime() - began) / 1e9;
    double gigabytes = sink.bytes.get() / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%.2f GB/s, %.2f s of processor for each GB, %.2f GB on the wire for %.2f%n",
        gigabytes / seconds,
        (cpuNanos() - cpuBefore) / 1e9 / gigabytes,
        (link.client.traffic().wireBytesIn() - wireBefore) / 1e9,
        gigabytes);
  }

  private static long cpuNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static byte[] text() {
    byte[] text = new byte[1 << 20];
    byte[] words = FakeBase.noise(4096, 3);
    java.util.Random random = new java.util.Random(4);
    for (int at = 0; at < text.length - 64; at += 48) {
      System.arraycopy(words, random.nextInt(4000), text, at, 48);
    }
    return text;
  }

  private static final class Sink implements Receiver {
    private static final ThreadLocal<MessageDigest> SHA =
        ThreadLocal.withInitial(() -> {
          try {
            return MessageDigest.getInstance("SHA-256");
          } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
          }
        });

    private final CountDownLatch requests;
    private final boolean hashed;
    private final AtomicLong bytes = new AtomicLong();

    Sink(CountDownLatch requests, boolean hashed) {
      this.requests = requests;
      this.hashed = hashed;
    }

    @Override
    public void arrived(int piece, int blocks, ByteBuffer content) {
      bytes.addAndGet(content.remaining());
      if (hashed) {
        SHA.get().update(content);
        byte[] _ = SHA.get().digest();
      }
    }

    @Override
    public void lacking(int piece, Problem why) {
      throw why.asException();
    }

    @Override
    public void completed() {
      requests.countDown();
    }

    @Override
    public void failed(Problem why) {
      System.out.println(why.oneLine());
      requests.countDown();
    }
  }
}
