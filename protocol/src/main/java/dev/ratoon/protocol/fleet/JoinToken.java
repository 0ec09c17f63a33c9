package dev.ratoon.protocol.fleet;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * What an operator carries to a host that is to join. The secret lets the host in, once; the
 * authority's fingerprint tells the host that who answers is the fleet's server and nobody else.
 *
 * <p>As text: {@code rtn1.}, then both and a check of 4 bytes in URL-safe base64.
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in, and never given out to be changed
public record JoinToken(byte[] secret, byte[] authoritySha256) {
  private static final String PREFIX = "rtn1.";
  private static final int PART_BYTES = 32;
  private static final int CHECK_BYTES = 4;

  public JoinToken {
    if (secret.length != PART_BYTES || authoritySha256.length != PART_BYTES) {
      throw new IllegalArgumentException("a token of two parts of 32 bytes");
    }
    secret = secret.clone();
    authoritySha256 = authoritySha256.clone();
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if it is no token; what it is stays out
   *     of the message
   */
  public static JoinToken parse(String text) {
    String stripped = text.strip();
    if (stripped.startsWith(PREFIX)) {
      try {
        byte[] all = Base64.getUrlDecoder().decode(stripped.substring(PREFIX.length()));
        if (all.length == 2 * PART_BYTES + CHECK_BYTES) {
          JoinToken token =
              new JoinToken(
                  Arrays.copyOf(all, PART_BYTES),
                  Arrays.copyOfRange(all, PART_BYTES, 2 * PART_BYTES));
          if (token.text().equals(stripped)) {
            return token;
          }
        }
      } catch (IllegalArgumentException notBase64) {
        // Said below, like every other text that is no token.
      }
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "reading the join token")
        .detail("It is not a whole token.")
        .next("Copy all of what 'ratoon host token' printed; it begins with " + PREFIX)
        .asException();
  }

  /** The token as it is carried about. */
  public String text() {
    ByteBuffer all = ByteBuffer.allocate(2 * PART_BYTES + CHECK_BYTES);
    all.put(secret).put(authoritySha256);
    all.put(Fingerprint.sha256(Arrays.copyOf(all.array(), 2 * PART_BYTES)), 0, CHECK_BYTES);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(all.array());
  }

  /** The secret as it is sent, in hexadecimal. */
  public String secretText() {
    return HexFormat.of().formatHex(secret);
  }

  /** Not the secret. */
  @Override
  public String toString() {
    return "JoinToken[" + PREFIX + "...]";
  }
}
