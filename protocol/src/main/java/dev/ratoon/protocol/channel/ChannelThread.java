package dev.ratoon.protocol.channel;

/**
 * A thread that reads a connection or delivers what it brought. Nobody interrupts it, so it may
 * write to sockets: one that an interrupted thread writes to is closed, for all who share it.
 */
final class ChannelThread extends Thread {
  private ChannelThread(String name, Runnable work) {
    super(work, name);
    setDaemon(true);
  }

  static void start(String name, Runnable work) {
    new ChannelThread(name, work).start();
  }

  static boolean isCurrent() {
    return Thread.currentThread() instanceof ChannelThread;
  }
}
