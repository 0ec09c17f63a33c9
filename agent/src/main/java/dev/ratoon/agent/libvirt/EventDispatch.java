package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.Hypervisor.Listener;
import dev.ratoon.agent.hypervisor.Hypervisor.Subscription;
import dev.ratoon.agent.hypervisor.HypervisorEvent;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries events from libvirt's event thread, which must not wait, to listeners, which may: one
 * queue, one thread, so that their order stays.
 */
final class EventDispatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EventDispatch.class);
  private static final int MAX_WAITING = 100_000;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final BlockingQueue<HypervisorEvent> waiting = new LinkedBlockingQueue<>(MAX_WAITING);
  private final Predicate<HypervisorEvent> ours;
  private final Thread thread;

  /**
   * @param ours says, on the dispatching thread, which events concern us
   */
  EventDispatch(Predicate<HypervisorEvent> ours) {
    this.ours = ours;
    thread = Thread.ofPlatform().daemon().name("libvirt-events").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void add(HypervisorEvent event) {
    if (!waiting.offer(event)) {
      log.error("listeners are so slow that {} is lost", event);
    }
  }

  Subscription listen(Listener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  private void run() {
    try {
      while (true) {
        HypervisorEvent event = waiting.take();
        if (concerns(event)) {
          listeners.forEach(listener -> tell(listener, event));
        }
      }
    } catch (InterruptedException stop) {
      log.debug("no more events");
    }
  }

  private boolean concerns(HypervisorEvent event) {
    try {
      return ours.test(event);
    } catch (RuntimeException unknown) {
      log.debug("whether {} is ours cannot be said", event, unknown);
      return false;
    }
  }

  private static void tell(Listener listener, HypervisorEvent event) {
    try {
      listener.on(event);
    } catch (RuntimeException failed) {
      log.error("a listener failed on {}", event, failed);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
