package dev.ratoon.protocol.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What proves who is who: docs/formats/fleet-credentials.md. */
class CredentialsTest {
  private static final Grant GRANT =
      new Grant(
          new HostId(new UUID(1, 2)),
          new DiskId("ab".repeat(32)),
          Instant.ofEpochMilli(1_800_000_000_123L));

  private static KeyPair keys() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  @Test
  void aGrantIsReadAsItWasSigned() throws Exception {
    KeyPair authority = keys();
    byte[] signed = GRANT.signed(authority.getPrivate());
    assertThat(Grant.verified(ByteBuffer.wrap(signed), authority.getPublic())).contains(GRANT);
  }

  @Test
  void aGrantThatAnybodyChangedOrAnotherSignedIsNone() throws Exception {
    KeyPair authority = keys();
    byte[] signed = GRANT.signed(authority.getPrivate());
    assertThat(Grant.verified(ByteBuffer.wrap(signed), keys().getPublic())).isEmpty();
    for (int at = 0; at < signed.length; at++) {
      byte[] changed = signed.clone();
      changed[at] ^= 1;
      assertThat(Grant.verified(ByteBuffer.wrap(changed), authority.getPublic()))
          .as("byte %d", at)
          .isEmpty();
    }
    for (int length = 0; length < signed.length; length++) {
      assertThat(Grant.verified(ByteBuffer.wrap(signed, 0, length), authority.getPublic()))
          .isEmpty();
    }
  }

  @Test
  void aTokenIsReadWholeOrNotAtAll() {
    byte[] secret = new byte[32];
    byte[] authority = new byte[32];
    new Random(1).nextBytes(secret);
    new Random(2).nextBytes(authority);
    String text = new JoinToken(secret, authority).text();
    JoinToken read = JoinToken.parse(" " + text + "\n");
    assertThat(read.secret()).isEqualTo(secret);
    assertThat(read.authoritySha256()).isEqualTo(authority);
    assertThat(read.toString()).doesNotContain(text.substring(5, 20));
    for (int length = 0; length < text.length(); length++) {
      String cut = text.substring(0, length);
      assertThatThrownBy(() -> JoinToken.parse(cut)).isInstanceOf(RatoonException.class);
    }
    String mistyped = text.replace(text.charAt(20), text.charAt(20) == 'A' ? 'B' : 'A');
    assertThatThrownBy(() -> JoinToken.parse(mistyped)).isInstanceOf(RatoonException.class);
  }
}
