package dev.ratoon.cli.disk;

import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;

/** Computes manifests and shows how far that is. */
final class Hashing {
  private final Meter meter;
  private final int threads;

  Hashing(Meter meter, int threads) {
    this.meter = meter;
    this.threads = threads;
  }

  Manifest of(VirtualDisk disk, String name) {
    return of(disk, name, threads, new AtomicBoolean());
  }

  /** Of both at once: they may lie on different devices. */
  List<Manifest> ofBoth(VirtualDisk one, String oneName, VirtualDisk other, String otherName) {
    int each = Math.ceilDiv(threads, 2);
    AtomicBoolean stopped = new AtomicBoolean();
    FutureTask<Manifest> second = new FutureTask<>(() -> of(other, otherName, each, stopped));
    Thread thread = Thread.ofPlatform().name("hash").daemon().start(second);
    try {
      Manifest first = of(one, oneName, each, stopped);
      return List.of(first, second.get());
    } catch (ExecutionException e) {
      throw unwrapped(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException();
    } finally {
      stopped.set(true);
      await(thread);
    }
  }

  private Manifest of(VirtualDisk disk, String name, int count, AtomicBoolean stopped) {
    return meter.show(
        "hash " + name, disk.size(), shown -> Manifests.of(disk, count, until(stopped, shown)));
  }

  private static Progress until(AtomicBoolean stopped, Progress progress) {
    return bytes -> {
      if (stopped.get()) {
        throw new CancellationException();
      }
      progress.advanced(bytes);
    };
  }

  private static RuntimeException unwrapped(ExecutionException e) {
    return switch (e.getCause()) {
      case RuntimeException failure -> failure;
      case Error error -> throw error;
      case null, default -> new IllegalStateException(e);
    };
  }

  /** The disk is closed next, and nobody may be reading it then. */
  private static void await(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
