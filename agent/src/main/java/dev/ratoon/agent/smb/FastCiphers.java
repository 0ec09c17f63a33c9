package dev.ratoon.agent.smb;

import com.hierynomus.security.AEADBlockCipher;
import com.hierynomus.security.Cipher;
import com.hierynomus.security.DerivationFunction;
import com.hierynomus.security.Mac;
import com.hierynomus.security.MessageDigest;
import com.hierynomus.security.SecurityException;
import com.hierynomus.security.SecurityProvider;
import com.hierynomus.security.bc.BCSecurityProvider;
import com.hierynomus.security.jce.JceSecurityProvider;

/** What encrypts: the JDK where it can, which uses the processor's own instructions. */
final class FastCiphers implements SecurityProvider {
  private final SecurityProvider jdk = new JceSecurityProvider();
  private final SecurityProvider others = new BCSecurityProvider();

  @Override
  public AEADBlockCipher getAEADBlockCipher(String name) throws SecurityException {
    return (name.contains("GCM") ? jdk : others).getAEADBlockCipher(name);
  }

  @Override
  public MessageDigest getDigest(String name) throws SecurityException {
    return others.getDigest(name);
  }

  @Override
  public Mac getMac(String name) throws SecurityException {
    return others.getMac(name);
  }

  @Override
  public Cipher getCipher(String name) throws SecurityException {
    return others.getCipher(name);
  }

  @Override
  public DerivationFunction getDerivationFunction(String name) throws SecurityException {
    return others.getDerivationFunction(name);
  }
}
