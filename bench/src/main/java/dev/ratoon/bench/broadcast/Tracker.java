package dev.ratoon.bench.broadcast;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * As much of a BitTorrent tracker as one swarm needs: who announces itself is told of all others.
 * And the file that describes what is sent. See BEP 3 and BEP 23.
 */
final class Tracker {
  private static final int PIECE_BYTES = 256 << 10;
  private static final Pattern PORT = Pattern.compile("(?:^|&)port=([0-9]+)");
  private static final Pattern LEAVING = Pattern.compile("(?:^|&)event=stopped");

  private final HttpServer server;

  /** The addresses and ports of those who have announced themselves, six bytes each. */
  private final Map<InetSocketAddress, byte[]> peers = new ConcurrentHashMap<>();

  private Tracker(HttpServer server) {
    this.server = server;
  }

  static Tracker listen(String address) throws IOException {
    Tracker tracker = new Tracker(HttpServer.create(new InetSocketAddress(address, 0), 0));
    tracker.server.createContext("/announce", tracker::announce);
    tracker.server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    tracker.server.start();
    return tracker;
  }

  /** Writes the description of a file that this tracker is for. */
  void describe(Path file, Path torrent) throws IOException {
    InetSocketAddress at = server.getAddress();
    String announce = "http://%s:%d/announce".formatted(at.getHostString(), at.getPort());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    say(out, "d8:announce" + string(announce) + "4:infod");
    say(out, "6:lengthi" + Files.size(file) + "e");
    say(out, "4:name" + string(file.getFileName().toString()));
    say(out, "12:piece lengthi" + PIECE_BYTES + "e");
    byte[] pieces = digests(file);
    say(out, "6:pieces" + pieces.length + ":");
    out.write(pieces);
    say(out, "ee");
    Files.write(torrent, out.toByteArray());
  }

  private static byte[] digests(Path file) throws IOException {
    try (InputStream content = Files.newInputStream(file)) {
      ByteArrayOutputStream digests = new ByteArrayOutputStream();
      for (byte[] piece = content.readNBytes(PIECE_BYTES);
          piece.length > 0;
          piece = content.readNBytes(PIECE_BYTES)) {
        digests.write(MessageDigest.getInstance("SHA-1").digest(piece));
      }
      return digests.toByteArray();
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private static String string(String text) {
    return text.length() + ":" + text;
  }

  private static void say(ByteArrayOutputStream out, String text) {
    out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  void forget() {
    peers.clear();
  }

  /** Waits until somebody has announced itself. */
  void awaitPeer() throws InterruptedException {
    while (peers.isEmpty()) {
      Thread.sleep(20);
    }
  }

  private void announce(HttpExchange exchange) throws IOException {
    try (exchange) {
      String query = exchange.getRequestURI().getRawQuery();
      Matcher port = PORT.matcher(query);
      if (!port.find()) {
        exchange.sendResponseHeaders(400, -1);
        return;
      }
      byte[] address = exchange.getRemoteAddress().getAddress().getAddress();
      int number = Integer.parseInt(port.group(1));
      byte[] own = {
        address[0], address[1], address[2], address[3], (byte) (number >> 8), (byte) number
      };
      InetSocketAddress self =
          new InetSocketAddress(exchange.getRemoteAddress().getAddress(), number);
      ByteArrayOutputStream others = new ByteArrayOutputStream();
      peers.forEach((at, compact) -> {
        if (!at.equals(self)) {
          others.writeBytes(compact);
        }
      });
      if (LEAVING.matcher(query).find()) {
        peers.remove(self);
      } else {
        peers.put(self, own);
      }
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      say(out, "d8:intervali1e5:peers" + others.size() + ":");
      out.write(others.toByteArray());
      say(out, "e");
      exchange.sendResponseHeaders(200, out.size());
      exchange.getResponseBody().write(out.toByteArray());
    }
  }

  void close() {
    server.stop(0);
  }
}
