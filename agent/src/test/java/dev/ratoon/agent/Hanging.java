package dev.ratoon.agent;

import dev.ratoon.cache.share.ShareFiles;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A share that can be made to hang: no call returns then, and no interrupt helps. */
final class Hanging {
  private final ShareFiles real;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition answers = lock.newCondition();
  private boolean hangs;

  Hanging(ShareFiles real) {
    this.real = real;
  }

  void hang(boolean yes) {
    lock.lock();
    try {
      hangs = yes;
      answers.signalAll();
    } finally {
      lock.unlock();
    }
  }

  ShareFiles files() {
    return (ShareFiles)
        Proxy.newProxyInstance(
            ShareFiles.class.getClassLoader(),
            new Class<?>[] {ShareFiles.class},
            (proxy, method, arguments) -> {
              pass();
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException failed) {
                throw failed.getCause();
              }
            });
  }

  private void pass() {
    lock.lock();
    try {
      while (hangs) {
        answers.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }
}
