package dev.ratoon.server.members;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;

/** Keys and secrets as hosts send them. */
final class HostKeys {
  private static final int FIELD_BITS = 256;

  private HostKeys() {}

  /**
   * A key on a curve of 256 bits, the only kind that hosts make.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_REQUEST}
   */
  static PublicKey publicKey(String base64) {
    try {
      PublicKey key =
          KeyFactory.getInstance("EC")
              .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(base64)));
      if (key instanceof ECPublicKey curve
          && curve.getParams().getCurve().getField().getFieldSize() == FIELD_BITS) {
        return key;
      }
    } catch (GeneralSecurityException | IllegalArgumentException notOne) {
      // Said below, like every key of another kind.
    }
    throw invalid("Its key is not one of an elliptic curve of 256 bits.");
  }

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_REQUEST}
   */
  static byte[] bytes(String hexadecimal) {
    try {
      return HexFormat.of().parseHex(hexadecimal);
    } catch (IllegalArgumentException notHexadecimal) {
      throw invalid("Its secret is not hexadecimal.");
    }
  }

  private static RatoonException invalid(String why) {
    return Problem.of(ErrorCode.INVALID_REQUEST, "letting a host join").detail(why).asException();
  }
}
