package dev.ratoon.cache.share;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A share that can be made to hang: no call returns then, and no interrupt helps. */
final class StallingFiles implements ShareFiles {
  private final ShareFiles files;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition answers = lock.newCondition();
  private boolean hangs;
  private int writesUntilItHangs = -1;
  final AtomicInteger hanging = new AtomicInteger();
  final AtomicInteger reads = new AtomicInteger();

  StallingFiles(ShareFiles files) {
    this.files = files;
  }

  void hang(boolean yes) {
    lock.lock();
    try {
      hangs = yes;
      writesUntilItHangs = -1;
      answers.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void hangAfterWrites(int count) {
    lock.lock();
    try {
      writesUntilItHangs = count;
    } finally {
      lock.unlock();
    }
  }

  private void pass() {
    lock.lock();
    try {
      hanging.incrementAndGet();
      while (hangs) {
        answers.awaitUninterruptibly();
      }
      hanging.decrementAndGet();
    } finally {
      lock.unlock();
    }
  }

  private void passWrite() {
    lock.lock();
    try {
      if (writesUntilItHangs >= 0 && writesUntilItHangs-- == 0) {
        hangs = true;
      }
    } finally {
      lock.unlock();
    }
    pass();
  }

  @Override
  public Optional<String> objection() throws IOException {
    pass();
    return files.objection();
  }

  @Override
  public List<SharedFile> list(String folder) throws IOException {
    pass();
    return files.list(folder);
  }

  @Override
  public Optional<SharedFile> look(String name) throws IOException {
    pass();
    return files.look(name);
  }

  @Override
  public Optional<SharedFile> ask(String name) throws IOException {
    pass();
    return files.ask(name);
  }

  @Override
  public Reading open(String name) throws IOException {
    pass();
    Reading reading = files.open(name);
    return new Reading() {
      @Override
      public void read(long offset, ByteBuffer target) throws IOException {
        pass();
        reads.incrementAndGet();
        reading.read(offset, target);
      }

      @Override
      public void close() throws IOException {
        pass();
        reading.close();
      }
    };
  }

  @Override
  public Writing create(String name) throws IOException {
    pass();
    Writing writing = files.create(name);
    return new Writing() {
      @Override
      public void write(long offset, ByteBuffer source) throws IOException {
        passWrite();
        writing.write(offset, source);
      }

      @Override
      public void finish(long length) throws IOException {
        pass();
        writing.finish(length);
      }

      @Override
      public void close() throws IOException {
        pass();
        writing.close();
      }
    };
  }

  @Override
  public void overwrite(String name, byte[] bytes) throws IOException {
    pass();
    files.overwrite(name, bytes);
  }

  @Override
  public boolean publish(String from, String to) throws IOException {
    pass();
    return files.publish(from, to);
  }

  @Override
  public void delete(String name) throws IOException {
    pass();
    files.delete(name);
  }

  @Override
  public void makeFolder(String name) throws IOException {
    pass();
    files.makeFolder(name);
  }

  @Override
  public long totalBytes() throws IOException {
    pass();
    return files.totalBytes();
  }

  @Override
  public long freeBytes() throws IOException {
    pass();
    return files.freeBytes();
  }

  @Override
  public void close() throws IOException {
    files.close();
  }
}
