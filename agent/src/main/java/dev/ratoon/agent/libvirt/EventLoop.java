package dev.ratoon.agent.libvirt;

import org.libvirt.Connect;
import org.libvirt.Library;
import org.libvirt.LibvirtException;
import org.libvirt.jna.Libvirt.VirErrorCallback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * libvirt's event loop: one for the whole process, as the C library has it, on a daemon thread. It
 * must run before the first connection opens, or events and keepalives never come.
 */
final class EventLoop {
  private static final Logger log = LoggerFactory.getLogger(EventLoop.class);

  /** Held here because native code keeps only the address. Without it libvirt writes to stderr. */
  private static final VirErrorCallback QUIET =
      (ignored, error) -> log.debug("libvirt reported error {}", error.code);

  private static boolean running;

  private EventLoop() {}

  static synchronized void ensureRunning() throws LibvirtException {
    if (running) {
      return;
    }
    Connect.setErrorCallback(QUIET);
    Library.initEventLoop();
    Thread.ofPlatform().daemon().name("libvirt-event-loop").start(EventLoop::run);
    running = true;
  }

  private static void run() {
    while (true) {
      try {
        Library.processEvent();
      } catch (LibvirtException failed) {
        log.warn("libvirt's event loop failed once", failed);
      }
    }
  }
}
