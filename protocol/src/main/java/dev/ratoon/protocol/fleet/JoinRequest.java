package dev.ratoon.protocol.fleet;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;

/**
 * A host that wants to join.
 *
 * @param secret of the token, in hexadecimal; sent only to who has proved to be the fleet's server
 * @param publicKey of the key that was made on the host, X.509 DER in base64. That the host has the
 *     private one shows at its first connection with the certificate
 */
public record JoinRequest(String secret, HostId host, EntityName name, String publicKey) {
  /** Not the secret. */
  @Override
  public String toString() {
    return "JoinRequest[" + host + ", " + name + "]";
  }
}
