package dev.ratoon.agent.share;

import dev.ratoon.agent.smb.SmbFiles;
import dev.ratoon.cache.share.MountedFiles;
import dev.ratoon.cache.share.ShareFiles;
import dev.ratoon.model.SmbLocation;
import dev.ratoon.protocol.agent.DesiredShare;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.nio.file.Path;

/** How the files of a share are reached. */
@FunctionalInterface
public interface ShareOpener {
  /** As the share's kind says. */
  ShareOpener BY_KIND =
      share ->
          switch (share.kind()) {
            case MOUNTED -> new MountedFiles(Path.of(share.location()));
            case SMB ->
                new SmbFiles(
                    SmbLocation.parse(share.location()),
                    share.credentials().orElseGet(() -> new ShareCredentials("", "", "")));
          };

  /** Returns at once: nothing is asked of the server yet. */
  ShareFiles open(DesiredShare share);
}
