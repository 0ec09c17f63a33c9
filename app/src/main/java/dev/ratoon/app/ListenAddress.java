package dev.ratoon.app;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;

/** Where the API answers: an option, or RATOON_LISTEN, or the loopback. */
final class ListenAddress {
  private static final String DEFAULT = "127.0.0.1:7800";
  private static final int CHUNK_PORT = 7801;
  private static final int MAX_PORT = 65_535;

  private ListenAddress() {}

  /**
   * Where base disks are given to other hosts: RATOON_CHUNK_LISTEN, or port 7801 of the address
   * where the API is served, or of all addresses.
   */
  static InetSocketAddress ofChunks(
      Map<String, String> environment, Optional<InetSocketAddress> api) {
    String text = environment.getOrDefault("RATOON_CHUNK_LISTEN", "");
    return text.isEmpty()
        ? api.map(served -> new InetSocketAddress(served.getAddress(), CHUNK_PORT))
            .orElseGet(() -> new InetSocketAddress(CHUNK_PORT))
        : parse(Optional.of(text), environment);
  }

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if it is not ADDRESS:PORT
   */
  static InetSocketAddress parse(Optional<String> option, Map<String, String> environment) {
    String text = option.orElseGet(() -> environment.getOrDefault("RATOON_LISTEN", DEFAULT));
    int colon = text.lastIndexOf(':');
    String host = colon > 0 ? text.substring(0, colon).replaceAll("^\\[|\\]$", "") : "";
    String port = text.substring(colon + 1);
    if (host.isEmpty() || !port.matches("\\d{1,5}") || Integer.parseInt(port) > MAX_PORT) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the address '" + text + "'")
          .next("Write ADDRESS:PORT, for example 127.0.0.1:7800 or [::]:7800.")
          .asException();
    }
    InetSocketAddress address = new InetSocketAddress(host, Integer.parseInt(port));
    if (address.isUnresolved()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the address '" + text + "'")
          .detail("There is no host '" + host + "'.")
          .asException();
    }
    return address;
  }
}
