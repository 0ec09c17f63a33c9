package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.protocol.channel.Part;
import dev.ratoon.protocol.channel.ServedBase;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A base that is here, all of it, as it is given to another host. */
final class ReadyBase implements ServedBase {
  private final long sizeBytes;
  private final Content content;
  private final Runnable closing;
  private final Documents documents;

  /** Reads from an offset until the target is full. */
  private interface Content {
    void read(long offset, ByteBuffer target);
  }

  private ReadyBase(long sizeBytes, Content content, Runnable closing, Documents documents) {
    this.sizeBytes = sizeBytes;
    this.content = content;
    this.closing = closing;
    this.documents = documents;
  }

  /** One that the cache has. */
  static ReadyBase open(Cache cache, Base base) {
    Documents documents = Documents.of(cache.manifest(base.id()), cache.fingerprints(base.id()));
    VirtualDisk disk = cache.open(base);
    return new ReadyBase(disk.size(), disk::read, disk::close, documents);
  }

  /** One that lies in an operator's files. If those are changed, the next read says so. */
  static ReadyBase of(BaseContent content) {
    return new ReadyBase(
        content.manifest().size(),
        content::read,
        content::close,
        Documents.of(content.manifest(), Optional.empty()));
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public long lengthBytes(Part part) {
    return part == Part.CONTENT ? sizeBytes : documents.lengthBytes(part);
  }

  @Override
  public boolean isComplete() {
    return true;
  }

  @Override
  public boolean has(int chunk) {
    return true;
  }

  @Override
  public void read(Part part, long offset, ByteBuffer target) {
    if (part == Part.CONTENT) {
      content.read(offset, target);
    } else {
      documents.read(part, offset, target);
    }
  }

  @Override
  public void listen(Listener listener) {
    // Nothing more arrives, and nothing is taken away while it is open.
  }

  @Override
  public void close() {
    closing.run();
  }
}
