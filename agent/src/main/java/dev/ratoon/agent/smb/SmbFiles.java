package dev.ratoon.agent.smb;

import com.hierynomus.msdtyp.AccessMask;
import com.hierynomus.mserref.NtStatus;
import com.hierynomus.msfscc.FileAttributes;
import com.hierynomus.msfscc.fileinformation.FileAllInformation;
import com.hierynomus.msfscc.fileinformation.FileIdBothDirectoryInformation;
import com.hierynomus.mssmb2.SMB2CreateDisposition;
import com.hierynomus.mssmb2.SMB2CreateOptions;
import com.hierynomus.mssmb2.SMB2ShareAccess;
import com.hierynomus.mssmb2.SMBApiException;
import com.hierynomus.smbj.common.SMBRuntimeException;
import com.hierynomus.smbj.share.DiskShare;
import com.hierynomus.smbj.share.File;
import dev.ratoon.cache.share.ShareFiles;
import dev.ratoon.cache.share.SharedFile;
import dev.ratoon.model.SmbLocation;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The files of an SMB share, without a mount. A name is given by SMB's own rename, which the server
 * does in one step and, asked so, never in place of another file.
 */
public final class SmbFiles implements ShareFiles {
  private static final int MOST_FILES = 100_000;
  private static final int SET_SPARSE = 0x900c4;

  private static final Set<AccessMask> READ = EnumSet.of(AccessMask.GENERIC_READ);
  private static final Set<AccessMask> WRITE =
      EnumSet.of(AccessMask.GENERIC_READ, AccessMask.GENERIC_WRITE);
  private static final Set<AccessMask> RENAME =
      EnumSet.of(AccessMask.DELETE, AccessMask.GENERIC_READ);
  private static final Set<SMB2CreateOptions> PLAIN_FILE =
      EnumSet.of(SMB2CreateOptions.FILE_NON_DIRECTORY_FILE);

  private final SmbConnection connection;
  private final String folder;

  public SmbFiles(SmbLocation location, ShareCredentials credentials) {
    this.connection = new SmbConnection(location, credentials);
    this.folder = location.folder().replace('/', '\\');
  }

  /** What is done over the connection. */
  private interface Work<T> {
    T run(DiskShare share) throws IOException;
  }

  private <T> T over(String name, Work<T> work) throws IOException {
    DiskShare share = connection.share();
    try {
      return work.run(share);
    } catch (SMBApiException refused) {
      throw inJava(name, refused);
    } catch (SMBRuntimeException cut) {
      connection.broken();
      throw new IOException("the connection broke: " + cut.getMessage(), cut);
    }
  }

  private static IOException inJava(String name, SMBApiException refused) {
    NtStatus status = refused.getStatus();
    IOException known =
        switch (status) {
          case STATUS_OBJECT_NAME_NOT_FOUND,
              STATUS_OBJECT_PATH_NOT_FOUND,
              STATUS_NO_SUCH_FILE,
              STATUS_DELETE_PENDING ->
              new NoSuchFileException(name);
          case STATUS_OBJECT_NAME_COLLISION -> new FileAlreadyExistsException(name);
          case STATUS_ACCESS_DENIED, STATUS_CANNOT_DELETE ->
              new AccessDeniedException(name, null, status.name());
          default -> new IOException(name + ": " + status);
        };
    known.initCause(refused);
    return known;
  }

  private String path(String name) {
    String below = name.replace('/', '\\');
    return folder.isEmpty() || below.isEmpty() ? folder + below : folder + "\\" + below;
  }

  private File open(
      DiskShare share, String name, Set<AccessMask> access, SMB2CreateDisposition how) {
    return share.openFile(
        path(name),
        access,
        EnumSet.of(FileAttributes.FILE_ATTRIBUTE_NORMAL),
        SMB2ShareAccess.ALL,
        how,
        PLAIN_FILE);
  }

  /** Who may write there is for the file server to say. */
  @Override
  public Optional<String> objection() throws IOException {
    return over(
        folder,
        share -> {
          if (!folder.isEmpty() && !share.folderExists(folder)) {
            throw new NoSuchFileException(folder);
          }
          return Optional.empty();
        });
  }

  @Override
  public List<SharedFile> list(String name) throws IOException {
    return over(
        name,
        share -> {
          List<SharedFile> found = new ArrayList<>();
          for (FileIdBothDirectoryInformation file : share.list(path(name))) {
            if ((file.getFileAttributes() & FileAttributes.FILE_ATTRIBUTE_DIRECTORY.getValue())
                == 0) {
              found.add(described(file));
            }
            if (found.size() > MOST_FILES) {
              throw new IOException("more than " + MOST_FILES + " files");
            }
          }
          return found;
        });
  }

  private static SharedFile described(FileIdBothDirectoryInformation file) {
    return new SharedFile(
        file.getFileName(),
        file.getEndOfFile(),
        file.getAllocationSize(),
        identity(
            file.getFileId(),
            file.getEndOfFile(),
            file.getLastWriteTime().getWindowsTimeStamp(),
            file.getChangeTime().getWindowsTimeStamp()),
        Optional.empty());
  }

  private static String identity(long id, long size, long written, long changed) {
    return "id=%d size=%d written=%d changed=%d".formatted(id, size, written, changed);
  }

  @Override
  public Optional<SharedFile> look(String name) throws IOException {
    try {
      return over(
          name,
          share -> {
            FileAllInformation facts = share.getFileInformation(path(name));
            boolean file = !facts.getStandardInformation().isDirectory();
            return file ? Optional.of(described(name, facts)) : Optional.empty();
          });
    } catch (NoSuchFileException missing) {
      return Optional.empty();
    }
  }

  private static SharedFile described(String name, FileAllInformation facts) {
    long size = facts.getStandardInformation().getEndOfFile();
    return new SharedFile(
        name.substring(name.lastIndexOf('/') + 1),
        size,
        facts.getStandardInformation().getAllocationSize(),
        identity(
            facts.getInternalInformation().getIndexNumber(),
            size,
            facts.getBasicInformation().getLastWriteTime().getWindowsTimeStamp(),
            facts.getBasicInformation().getChangeTime().getWindowsTimeStamp()),
        Optional.empty());
  }

  @Override
  public Reading open(String name) throws IOException {
    File file = over(name, share -> open(share, name, READ, SMB2CreateDisposition.FILE_OPEN));
    return new Reading() {
      @Override
      public void read(long offset, ByteBuffer target) throws IOException {
        over(name, share -> readAll(file, offset, target));
      }

      @Override
      public void close() {
        closed(file);
      }
    };
  }

  private static Boolean readAll(File file, long offset, ByteBuffer target) throws IOException {
    byte[] bytes = target.hasArray() ? target.array() : new byte[target.remaining()];
    int base = target.hasArray() ? target.arrayOffset() + target.position() : 0;
    int wanted = target.remaining();
    for (int done = 0; done < wanted; ) {
      int count = file.read(bytes, offset + done, base + done, wanted - done);
      if (count <= 0) {
        throw new EOFException("the file ends at " + (offset + done));
      }
      done += count;
    }
    if (target.hasArray()) {
      target.position(target.limit());
    } else {
      target.put(bytes);
    }
    return true;
  }

  @Override
  public Writing create(String name) throws IOException {
    File file =
        over(
            name,
            share -> {
              File made = open(share, name, WRITE, SMB2CreateDisposition.FILE_CREATE);
              makeSparse(made);
              return made;
            });
    return new Writing() {
      @Override
      public void write(long offset, ByteBuffer source) throws IOException {
        over(name, share -> writeAll(file, offset, source));
      }

      @Override
      public void finish(long length) throws IOException {
        over(
            name,
            share -> {
              file.setLength(length);
              file.flush();
              return true;
            });
      }

      @Override
      public void close() {
        closed(file);
      }
    };
  }

  /** Without it some servers store the zeros between what is written. */
  private static void makeSparse(File file) {
    try {
      file.ioctl(SET_SPARSE, true, new byte[0], 0, 0);
    } catch (SMBRuntimeException notHere) {
      // It takes more room on the server, then.
    }
  }

  private static Boolean writeAll(File file, long offset, ByteBuffer source) throws IOException {
    byte[] bytes = new byte[source.remaining()];
    source.get(bytes);
    for (int done = 0; done < bytes.length; ) {
      long count = file.write(bytes, offset + done, done, bytes.length - done);
      if (count <= 0) {
        throw new IOException("nothing was written");
      }
      done += (int) count;
    }
    return true;
  }

  private static void closed(File file) {
    try {
      file.close();
    } catch (SMBRuntimeException theConnectionIsGone) {
      // The server closes the file, too.
    }
  }

  @Override
  public void overwrite(String name, byte[] content) throws IOException {
    over(
        name,
        share -> {
          File file = open(share, name, WRITE, SMB2CreateDisposition.FILE_OPEN);
          try {
            boolean written = writeAll(file, 0, ByteBuffer.wrap(content));
            file.flush();
            return written;
          } finally {
            closed(file);
          }
        });
  }

  @Override
  public boolean publish(String from, String to) throws IOException {
    try {
      return over(
          to,
          share -> {
            File file = open(share, from, RENAME, SMB2CreateDisposition.FILE_OPEN);
            try {
              file.rename(path(to), false);
              return true;
            } finally {
              closed(file);
            }
          });
    } catch (FileAlreadyExistsException there) {
      return false;
    }
  }

  @Override
  public void delete(String name) throws IOException {
    try {
      over(
          name,
          share -> {
            share.rm(path(name));
            return true;
          });
    } catch (NoSuchFileException gone) {
      // As it shall be.
    }
  }

  @Override
  public void makeFolder(String name) throws IOException {
    over(
        name,
        share -> {
          if (!share.folderExists(path(name))) {
            share.mkdir(path(name));
          }
          return true;
        });
  }

  @Override
  public long freeBytes() throws IOException {
    return over("", share -> share.getShareInformation().getCallerFreeSpace());
  }

  @Override
  public long totalBytes() throws IOException {
    return over("", share -> share.getShareInformation().getTotalSpace());
  }

  @Override
  public void close() {
    connection.close();
  }
}
