package dev.ratoon.server.agents;

import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.fleet.Ask;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;

/**
 * An agent on another machine, as the server sees it.
 *
 * @param elsewhere whether it is connected to another server
 */
record RemoteAgent(Asks asks, HostId host, boolean elsewhere) implements AgentLink {
  /** Beyond what the agent itself may wait for. */
  private static final Duration ON_THE_WAY = Duration.ofSeconds(15);

  /** Before a disk's first byte the host may have to verify a base disk. */
  private static final Duration DISK_BEGINS = Duration.ofMinutes(30);

  private static final int MOST_CONSOLE_BYTES = 4 << 20;

  @Override
  public ConsoleText console(VmId vm, long offset, Duration wait) throws InterruptedException {
    Ask.Console asked = new Ask.Console(vm, offset, wait.toMillis());
    try (Pending.Answer answer =
        asks.ask(
            host,
            elsewhere,
            id -> new Ask(id, Optional.of(asked), Optional.empty(), Optional.empty()),
            wait.plus(ON_THE_WAY))) {
      return new ConsoleText(answer.body().readNBytes(MOST_CONSOLE_BYTES), answer.next());
    } catch (IOException broken) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "reading the console of VM " + vm)
          .detail("The connection to its host broke (" + broken.getMessage() + ").")
          .next("Try again.")
          .asException(broken);
    }
  }

  @Override
  public DiskStream disk(VmId vm, int disk, DiskPart part, boolean packed) {
    Ask.Disk asked = new Ask.Disk(vm, disk, part, packed);
    try {
      return new Coming(
          asks.ask(
              host,
              elsewhere,
              id -> new Ask(id, Optional.empty(), Optional.of(asked), Optional.empty()),
              DISK_BEGINS));
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "exporting a disk of VM " + vm).asException(stopped);
    }
  }

  /** A disk that is handed on as it comes; its end says whether all of it came. */
  private record Coming(Pending.Answer answer) implements DiskStream {
    @Override
    public void writeTo(OutputStream target) throws IOException {
      answer.body().transferTo(target);
    }

    @Override
    public void close() {
      answer.close();
    }
  }
}
