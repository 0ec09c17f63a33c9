package dev.ratoon.cache.share;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;

/** A share as a process sees it that is killed before one of its calls: none comes after that. */
final class DyingFiles {
  private final AtomicInteger left = new AtomicInteger(Integer.MAX_VALUE);

  /** From now on so many calls are made. */
  void dieAfter(int calls) {
    left.set(calls);
  }

  boolean isDead() {
    return left.get() <= 0;
  }

  ShareFiles over(ShareFiles real) {
    return (ShareFiles)
        Proxy.newProxyInstance(
            ShareFiles.class.getClassLoader(),
            new Class<?>[] {ShareFiles.class},
            (proxy, method, arguments) -> {
              if (!method.getName().equals("close") && left.getAndDecrement() <= 0) {
                left.set(0);
                throw new IOException("killed");
              }
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException failed) {
                throw failed.getCause();
              }
            });
  }
}
