package dev.ratoon.agent.smb;

import com.hierynomus.mserref.NtStatus;
import com.hierynomus.mssmb2.SMB2Dialect;
import com.hierynomus.mssmb2.SMBApiException;
import com.hierynomus.protocol.transport.TransportException;
import com.hierynomus.smbj.SMBClient;
import com.hierynomus.smbj.SmbConfig;
import com.hierynomus.smbj.auth.AuthenticationContext;
import com.hierynomus.smbj.common.SMBRuntimeException;
import com.hierynomus.smbj.connection.Connection;
import com.hierynomus.smbj.session.Session;
import com.hierynomus.smbj.share.DiskShare;
import dev.ratoon.model.SmbLocation;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One connection to an SMB server, made when it is needed and made anew after it broke. What goes
 * over it is encrypted: a server that cannot do that, or lets in guests, is not used.
 */
final class SmbConnection implements AutoCloseable {
  private static final int TIMEOUT_SECONDS = 4;

  /** With other sets than these two, servers and smbj did not come to terms. */
  private static final List<List<SMB2Dialect>> DIALECTS =
      List.of(List.of(SMB2Dialect.SMB_3_1_1), List.of(SMB2Dialect.SMB_3_0_2, SMB2Dialect.SMB_3_0));

  /** What servers say that want another dialect. */
  private static final Set<NtStatus> NOT_THESE =
      EnumSet.of(NtStatus.STATUS_NOT_SUPPORTED, NtStatus.STATUS_INVALID_PARAMETER);

  private final SmbLocation location;
  private final ShareCredentials credentials;
  private final ReentrantLock lock = new ReentrantLock();
  private Optional<Open> open = Optional.empty();

  private record Open(SMBClient client, Session session, DiskShare share) {}

  SmbConnection(SmbLocation location, ShareCredentials credentials) {
    this.location = location;
    this.credentials = credentials;
  }

  /** The share; connected if it is not. */
  DiskShare share() throws IOException {
    lock.lock();
    try {
      if (open.filter(o -> o.share().isConnected()).isEmpty()) {
        drop();
        open = Optional.of(connect());
      }
      return open.orElseThrow().share();
    } finally {
      lock.unlock();
    }
  }

  private Open connect() throws IOException {
    IOException failed = new IOException("no dialect");
    for (List<SMB2Dialect> dialects : DIALECTS) {
      try {
        return connect(dialects);
      } catch (SMBApiException refused) {
        failed = new IOException(inWords(refused.getStatus()), refused);
        if (!NOT_THESE.contains(refused.getStatus())) {
          throw failed;
        }
      } catch (TransportException | SMBRuntimeException cut) {
        failed = new IOException("no connection to " + location + ": " + cut.getMessage(), cut);
      }
    }
    throw failed;
  }

  private String inWords(NtStatus status) {
    String who = location.server();
    return switch (status) {
      case STATUS_LOGON_FAILURE ->
          who + " does not know the user '" + credentials.user() + "' with that password.";
      case STATUS_BAD_NETWORK_NAME -> who + " has no share '" + location.share() + "'.";
      case STATUS_ACCESS_DENIED -> who + " does not let the user '" + credentials.user() + "' in.";
      default -> who + " says " + status + ".";
    };
  }

  private Open connect(List<SMB2Dialect> dialects) throws IOException {
    SMBClient client =
        new SMBClient(
            SmbConfig.builder()
                .withDialects(dialects)
                .withSigningRequired(true)
                .withEncryptData(true)
                .withSecurityProvider(new FastCiphers())
                .withDfsEnabled(false)
                .withTimeout(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .withSoTimeout(0)
                .build());
    try {
      Connection connection = client.connect(location.server(), location.port());
      if (!connection.getConnectionContext().supportsEncryption()) {
        throw new IOException("it does not encrypt");
      }
      Session session =
          connection.authenticate(
              new AuthenticationContext(
                  credentials.user(), credentials.password().toCharArray(), credentials.domain()));
      if (session.isGuest() || session.isAnonymous()) {
        throw new IOException("it takes us for a guest");
      }
      return new Open(client, session, (DiskShare) session.connectShare(location.share()));
    } catch (IOException | RuntimeException e) {
      client.close();
      throw e;
    }
  }

  /** The connection is of no use any more. */
  void broken() {
    lock.lock();
    try {
      drop();
    } finally {
      lock.unlock();
    }
  }

  private void drop() {
    open.ifPresent(o -> o.client().close());
    open = Optional.empty();
  }

  @Override
  public void close() {
    broken();
  }
}
