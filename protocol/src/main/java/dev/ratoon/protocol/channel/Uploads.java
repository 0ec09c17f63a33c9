package dev.ratoon.protocol.channel;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * To how many hosts a library gives at once. Others wait in line and are not refused; who has had
 * his turn, a few MiB, goes to the end of the line if there is one. So everybody gets something
 * every little while, and no asker takes the library for dead.
 */
public final class Uploads {
  private static final long TURN_BYTES = 4L << 20;

  /** Who waits looks this often whether he still needs to. */
  private static final long LOOK_MILLIS = 50;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();

  /** Who is having his turn, and how much of it he has had. */
  private final Map<Object, Long> inTurn = new HashMap<>();

  private final ArrayDeque<Object> line = new ArrayDeque<>();
  private volatile int most;

  /**
   * @param uploads 0 for no limit
   */
  public void change(int uploads) {
    lock.lock();
    try {
      most = uploads;
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean areUnlimited() {
    return most == 0;
  }

  /**
   * Waits until it is somebody's turn, or goes on with it.
   *
   * @param abandoned whether waiting makes sense no more; then it returns soon
   */
  void take(Object who, long bytes, BooleanSupplier abandoned) throws InterruptedException {
    if (areUnlimited()) {
      return;
    }
    lock.lockInterruptibly();
    try {
      if (!goesOn(who)) {
        inTurn.remove(who);
        await(who, abandoned);
        inTurn.put(who, 0L);
      }
      inTurn.merge(who, bytes, Long::sum);
    } finally {
      lock.unlock();
    }
  }

  private boolean goesOn(Object who) {
    Long had = inTurn.get(who);
    return had != null && inTurn.size() <= most && (had < TURN_BYTES || line.isEmpty());
  }

  private void await(Object who, BooleanSupplier abandoned) throws InterruptedException {
    line.add(who);
    try {
      moved.signalAll();
      while (most > 0
          && !abandoned.getAsBoolean()
          && (inTurn.size() >= most || !who.equals(line.peekFirst()))) {
        boolean _ = moved.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
    } finally {
      line.remove(who);
      moved.signalAll();
    }
  }

  /** Nothing is to be given to this one just now. */
  void leave(Object who) {
    lock.lock();
    try {
      if (inTurn.remove(who) != null) {
        moved.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  int inTurn() {
    lock.lock();
    try {
      return inTurn.size();
    } finally {
      lock.unlock();
    }
  }

  int inLine() {
    lock.lock();
    try {
      return line.size();
    } finally {
      lock.unlock();
    }
  }
}
