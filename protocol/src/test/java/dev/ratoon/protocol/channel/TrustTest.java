package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who may talk to whom. */
class TrustTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final Duration QUICK = Duration.ofMillis(100);

  private final Link link = Link.usual();
  private final Fleet others = new Fleet();

  @AfterEach
  void close() {
    link.close();
  }

  @Test
  void anAskerOfAnotherFleetIsRefused() {
    // It trusts the source, but has its certificate from another authority.
    Problem refused = refusal(Fleet.ONE.tls(others, "CN=" + Link.ASKER), Link.SOURCE);
    assertThat(refused.code()).as(refused.oneLine()).isEqualTo(ErrorCode.PEER_UNTRUSTED);
    assertNobodyCame();
  }

  @Test
  void aSourceOfAnotherFleetIsRefused() {
    assertThat(refusal(others.tls(Link.ASKER), Link.SOURCE).code())
        .isEqualTo(ErrorCode.PEER_UNTRUSTED);
    assertNobodyCame();
  }

  @Test
  void anotherHostThanTheExpectedOneIsRefused() {
    Problem refused = refusal(Fleet.ONE.tls(Link.ASKER), Fleet.host(77));
    assertThat(refused.code()).isEqualTo(ErrorCode.PEER_UNTRUSTED);
    assertThat(refused.detail()).contains(Link.SOURCE.toString());
    assertNobodyCame();
  }

  @Test
  void aCertificateThatNamesNoHostIsRefused() {
    assertThat(refusal(Fleet.ONE.tls("CN=Ratoon server"), Link.SOURCE).code())
        .isEqualTo(ErrorCode.PEER_UNREACHABLE);
    assertNobodyCame();
    assertThat(link.reports).last().extracting(Problem::code).isEqualTo(ErrorCode.PEER_UNTRUSTED);
  }

  @Test
  void whoIsNotThereIsUnreachable() throws IOException {
    InetSocketAddress nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = (InetSocketAddress) socket.getLocalSocketAddress();
    }
    assertThat(refusal(Fleet.ONE.tls(Link.ASKER), Link.SOURCE, nobody, PATIENT).code())
        .isEqualTo(ErrorCode.PEER_UNREACHABLE);
    InetSocketAddress nowhere = InetSocketAddress.createUnresolved("host.invalid", 1);
    assertThat(refusal(Fleet.ONE.tls(Link.ASKER), Link.SOURCE, nowhere, PATIENT).code())
        .isEqualTo(ErrorCode.PEER_UNREACHABLE);
  }

  @Test
  void whoAcceptsAndSaysNothingIsGivenUp() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) silent.getLocalSocketAddress();
      assertThat(refusal(Fleet.ONE.tls(Link.ASKER), Link.SOURCE, address, QUICK).code())
          .isEqualTo(ErrorCode.PEER_UNREACHABLE);
    }
  }

  private Problem refusal(SSLContext tls, HostId expected) {
    return refusal(tls, expected, link.server.address(), PATIENT);
  }

  private static Problem refusal(
      SSLContext tls, HostId expected, InetSocketAddress address, Duration connect) {
    Timeouts timeouts = new Timeouts(connect, Duration.ofSeconds(2), Duration.ofSeconds(6));
    try (ChunkClient client = new ChunkClient(() -> tls, new AskerSettings(timeouts, 4, 1))) {
      RatoonException refused =
          catchThrowableOfType(RatoonException.class, () -> client.open(address, expected));
      return refused.problem();
    }
  }

  private void assertNobodyCame() {
    Await.until(() -> link.server.connectionCount() == 0);
    assertThat(link.askers).isEmpty();
  }
}
