package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.protocol.api.ShareFill;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.client.Params;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code cache add-share|remove-share|fill}. */
final class CacheChanges {
  private static final int NAMES_SHOWN = 10;

  private CacheChanges() {}

  @Command(
      name = "add-share",
      description = "Let hosts share a cache: what one of them puts there all of them have.",
      footer = {
        "",
        "With --path every host has mounted the share there itself (NFS, SMB, whatever its kernel can),",
        "and VMs stand on base disks where they lie. With --smb nothing is mounted: hosts fetch base",
        "disks from the share into their own caches, and put them there with 'cache fill'.",
        "",
        "The file of --credentials has the lines username=, password= and, if need be, domain=, and is",
        "readable by its owner alone."
      })
  static final class Add implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "What the share is to be called.")
    String name = "";

    @ArgGroup(multiplicity = "1")
    Where where = new Where();

    /** One of two. */
    static final class Where {
      @Option(
          names = "--path",
          paramLabel = "DIRECTORY",
          description = "Where every host has it mounted.")
      @Nullable String path;

      @Option(
          names = "--smb",
          paramLabel = "LOCATION",
          description = "//SERVER[:PORT]/SHARE[/FOLDER], not mounted.")
      @Nullable String smb;
    }

    @Option(
        names = "--credentials",
        paramLabel = "FILE",
        description = "Who Ratoon is to the SMB server.")
    @Nullable Path credentials;

    @Option(
        names = "--hosts",
        paramLabel = "HOST",
        split = ",",
        description = "The hosts that use it, with commas between them (all).")
    List<String> hosts = List.of();

    @Option(
        names = "--cluster",
        paramLabel = "NAME",
        description = "In place of --hosts: all of this cluster, those to come, too.")
    @Nullable String cluster;

    Add(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      String smb = where.smb;
      ShareView share =
          session
              .client()
              .call(
                  CacheEndpoints.SHARE_ADD,
                  Params.NONE,
                  new ShareRequest(
                      new EntityName(name),
                      smb == null ? ShareKind.MOUNTED : ShareKind.SMB,
                      smb == null ? Optional.ofNullable(where.path).orElse("") : smb,
                      hosts,
                      Optional.ofNullable(cluster).map(EntityName::new),
                      Optional.ofNullable(credentials).map(CredentialsFile::read)));
      session
          .output()
          .say(
              "%s: from now on for %s. 'ratoon cache show %s' tells how they find it."
                  .formatted(
                      share.name(),
                      Words.names(
                          share.hosts().stream().map(ShareView.HostOfShare::name).toList(),
                          NAMES_SHOWN),
                      share.name()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "remove-share",
      description = "Let hosts use a shared cache no more. Its files stay.",
      footer = {"", "Refused while VMs stand on its base disks, in the trash too."})
  static final class Remove implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The share's name.")
    String name = "";

    Remove(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      ShareView share =
          session.client().call(CacheEndpoints.SHARE_REMOVE, Params.of(CacheCommands.SHARE, name));
      session
          .output()
          .say(
              "%s is not used any more. Its files stay in %s."
                  .formatted(share.name(), share.location()));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "fill",
      description = "Put an image's base disk on a shared cache, by a host that has it.")
  static final class Fill implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "The share's name.")
    String name = "";

    @Parameters(index = "1", paramLabel = "IMAGE", description = "The image: name or name:tag.")
    String image = "";

    @Option(
        names = "--undo",
        description = "Want it there no longer. What is there stays until a policy takes it.")
    boolean undo;

    Fill(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      ImageRef wanted = ImageRef.parse(image);
      return undo ? undo(wanted) : fill(wanted);
    }

    private int undo(ImageRef wanted) {
      ShareView share =
          session
              .client()
              .call(
                  CacheEndpoints.SHARE_FILL_END,
                  Params.of(CacheCommands.SHARE, name).with("image", wanted.toString()));
      session
          .output()
          .say(
              "%s is no longer asked for on %s. What is there stays; 'ratoon cache plan' shows what may go."
                  .formatted(wanted, share.name()));
      return ExitCode.OK;
    }

    private int fill(ImageRef wanted) {
      ShareView share =
          session
              .client()
              .call(
                  CacheEndpoints.SHARE_FILL,
                  Params.of(CacheCommands.SHARE, name),
                  new ShareFill(wanted));
      boolean there =
          share.bases().stream()
              .anyMatch(
                  base -> base.images().contains(wanted) && base.state() == ReplicaState.READY);
      session
          .output()
          .say(
              there
                  ? "The base disk of %s is on %s.".formatted(wanted, share.name())
                  : "A host that has the base disk of %s puts it on %s. 'ratoon cache show %s' tells how far it is."
                      .formatted(wanted, share.name(), share.name()));
      return ExitCode.OK;
    }
  }
}
