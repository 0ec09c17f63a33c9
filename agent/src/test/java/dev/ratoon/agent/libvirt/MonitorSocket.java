package dev.ratoon.agent.libvirt;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Speaks to a QEMU while libvirt's daemon does not. */
final class MonitorSocket implements AutoCloseable {
  private final SocketChannel channel;
  private final StringBuilder read = new StringBuilder();

  MonitorSocket(Path socket) throws IOException {
    channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
    String _ = line();
    String _ = ask("{'execute':'qmp_capabilities'}");
  }

  /** What QEMU answers to a command; events are passed over. */
  String ask(String command) throws IOException {
    channel.write(ByteBuffer.wrap(command.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
    String line = line();
    while (line.contains("\"event\"")) {
      line = line();
    }
    return line;
  }

  private String line() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
    while (read.indexOf("\n") < 0) {
      if (channel.read(bytes.clear()) < 0) {
        throw new IOException("QEMU closed its monitor");
      }
      read.append(StandardCharsets.UTF_8.decode(bytes.flip()));
    }
    String line = read.substring(0, read.indexOf("\n"));
    read.delete(0, line.length() + 1);
    return line;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
