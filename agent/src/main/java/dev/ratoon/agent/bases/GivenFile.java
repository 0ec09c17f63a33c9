package dev.ratoon.agent.bases;

import dev.ratoon.cache.AdoptedContent;
import dev.ratoon.protocol.channel.Part;
import dev.ratoon.protocol.channel.ServedBase;
import java.nio.ByteBuffer;
import java.util.Optional;

/** An operator's file that has a base disk, as it is given to another host. */
final class GivenFile implements ServedBase {
  private final AdoptedContent content;
  private final Documents documents;

  GivenFile(AdoptedContent content) {
    this.content = content;
    this.documents = Documents.of(content.manifest(), Optional.empty());
  }

  @Override
  public long sizeBytes() {
    return content.manifest().size();
  }

  @Override
  public long lengthBytes(Part part) {
    return part == Part.CONTENT ? sizeBytes() : documents.lengthBytes(part);
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
    // That the file was changed is said by the next read.
  }

  @Override
  public void close() {
    content.close();
  }
}
