package dev.ratoon.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An sshd of our own, with keys of its own, into which only our own key lets. */
final class SshServer implements AutoCloseable {
  private static final String CIPHER = "aes128-gcm@openssh.com";

  /** Where an sshd of root's keeps those whom it does not trust yet; whoever begins it makes it. */
  private static final Path EMPTY = Path.of("/run/sshd");

  private final Path folder;
  private final Daemon daemon;
  private final boolean madeEmpty;

  private SshServer(Path folder, Daemon daemon, boolean madeEmpty) {
    this.folder = folder;
    this.daemon = daemon;
    this.madeEmpty = madeEmpty;
  }

  static SshServer start(Path parent) throws IOException, InterruptedException {
    Path folder = Files.createDirectory(parent.resolve("ssh"));
    for (String key : List.of("host-key", "user-key")) {
      String file = folder.resolve(key).toString();
      Tool.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file);
    }
    Files.copy(folder.resolve("user-key.pub"), folder.resolve("authorized"));
    Path settings = folder.resolve("sshd_config");
    Files.writeString(
        settings,
        """
        HostKey %s/host-key
        AuthorizedKeysFile %s/authorized
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin prohibit-password
        LogLevel FATAL
        Ciphers %s
        Subsystem sftp internal-sftp
        """
            .formatted(folder, folder, CIPHER));
    boolean makeEmpty = Tool.isRoot() && !Files.exists(EMPTY);
    if (makeEmpty) {
      Files.createDirectory(EMPTY);
    }
    return new SshServer(
        folder,
        Daemon.start(port ->
            List.of(
                "/usr/sbin/sshd",
                "-D",
                "-e",
                "-f",
                settings.toString(),
                "-o",
                "ListenAddress=127.0.0.1:" + port)),
        makeEmpty);
  }

  /** What copies a file of this machine to this machine, encrypted. */
  List<String> copying(Path source, Path target) {
    return List.of(
        "scp",
        "-q",
        "-c",
        CIPHER,
        "-F",
        "none",
        "-i",
        folder.resolve("user-key").toString(),
        "-o",
        "BatchMode=yes",
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-o",
        "UserKnownHostsFile=" + folder.resolve("known"),
        "-P",
        String.valueOf(daemon.port()),
        System.getProperty("user.name") + "@127.0.0.1:" + source,
        target.toString());
  }

  ProcessHandle process() {
    return daemon.process();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    daemon.close();
    if (madeEmpty) {
      Files.delete(EMPTY);
    }
  }
}
