package dev.ratoon.agent.fleet;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.AgentLink.ConsoleText;
import dev.ratoon.protocol.agent.DiskStream;
import dev.ratoon.protocol.api.ProblemDetails;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import dev.ratoon.protocol.fleet.Ask;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Fetches what the server wants to look at on this host, and answers. */
final class Answering implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Answering.class);
  private static final String ASK = "ask";
  private static final int MOST_AT_ONCE = 32;
  private static final int RETRY_SECONDS = 1;
  private static final int UNSAID_STATUS = 500;

  private final RemoteServer server;
  private final AgentLink agent;
  private final Semaphore free = new Semaphore(MOST_AT_ONCE);
  private final Thread fetching = Thread.ofVirtual().name("asks").unstarted(this::fetch);
  private volatile boolean closed;

  Answering(RemoteServer server, AgentLink agent) {
    this.server = server;
    this.agent = agent;
  }

  void start() {
    fetching.start();
  }

  private void fetch() {
    while (!closed) {
      try {
        for (Ask ask :
            server.newest(
                AgentEndpoints.ASKS, Params.of("wait", AgentEndpoints.MOST_WAIT_SECONDS))) {
          free.acquire();
          Thread.ofVirtual().name("answer").start(() -> answer(ask));
        }
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException failed) {
        pause();
      }
    }
  }

  private void answer(Ask ask) {
    try {
      if (ask.console().isPresent()) {
        console(ask, ask.console().get());
      } else if (ask.disk().isPresent()) {
        disk(ask, ask.disk().get());
      } else {
        throw Problem.of(ErrorCode.INVALID_REQUEST, "answering the server")
            .detail("It asks for something that this agent does not know.")
            .next("Update the agent.")
            .asException();
      }
    } catch (RatoonException refused) {
      refuse(ask, refused.problem());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    } finally {
      free.release();
    }
  }

  /** To the server that waits for it. */
  private void answer(Ask ask, Consumer<ApiClient> answer) {
    if (ask.answerTo().isEmpty()) {
      answer.accept(server.client());
      return;
    }
    try (ApiClient waiting = server.clientOf(ask.answerTo().get())) {
      answer.accept(waiting);
    }
  }

  private void console(Ask ask, Ask.Console asked) throws InterruptedException {
    ConsoleText text =
        agent.console(asked.vm(), asked.offset(), Duration.ofMillis(asked.waitMillis()));
    answer(
        ask,
        client ->
            client.send(
                AgentEndpoints.ANSWER,
                Params.of(ASK, ask.id()).with("next", text.nextOffset()),
                body -> body.write(text.bytes())));
  }

  private void disk(Ask ask, Ask.Disk asked) {
    try (DiskStream disk = agent.disk(asked.vm(), asked.disk(), asked.part(), asked.packed())) {
      answer(
          ask,
          client -> client.send(AgentEndpoints.ANSWER, Params.of(ASK, ask.id()), disk::writeTo));
    }
  }

  /** If it was answered before, or is not waited for any more, nobody hears it. */
  private void refuse(Ask ask, Problem problem) {
    try {
      answer(
          ask,
          client ->
              client.call(
                  AgentEndpoints.REFUSAL,
                  Params.of(ASK, ask.id()),
                  ProblemDetails.of(problem, UNSAID_STATUS)));
    } catch (RatoonException unheard) {
      LOG.info("{} ({})", problem.oneLine(), unheard.problem().detail());
    }
  }

  private static void pause() {
    try {
      TimeUnit.SECONDS.sleep(RETRY_SECONDS);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    fetching.interrupt();
  }
}
