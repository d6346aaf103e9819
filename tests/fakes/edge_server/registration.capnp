# What a connector calls on its control stream, as far as an edge on loopback needs it. Type ids and ordinals are facts
# of the wire; everything else is ours.
@0xa1f0c0de5eed0001;

struct Auth @0x9496331ab9cd463f {
  accountTag @0 :Text;
  tunnelSecret @1 :Data;
}

struct Client @0x83ced0145b2f114b {
  clientId @0 :Data;
  features @1 :List(Text);
  version @2 :Text;
  arch @3 :Text;
}

struct Options @0xb4bf9861fe035d04 {
  client @0 :Client;
  originLocalIp @1 :Data;
  replaceExisting @2 :Bool;
  compressionQuality @3 :UInt8;
  numPreviousAttempts @4 :UInt8;
}

struct Refused @0xf5f383d2785edb86 {
  cause @0 :Text;
  retryAfter @1 :Int64;  # nanoseconds
  shouldRetry @2 :Bool;
}

struct Accepted @0xb5f39f082b9ac18a {
  uuid @0 :Data;
  locationName @1 :Text;
  tunnelIsRemotelyManaged @2 :Bool;
}

struct Outcome @0xdbaa9d03d52b62dc {
  result :union {
    error @0 :Refused;
    connectionDetails @1 :Accepted;
  }
}

interface Registration @0xf71695ec7fe85497 {
  registerConnection @0 (auth :Auth, tunnelId :Data, connIndex :UInt8, options :Options) -> (result :Outcome);
  unregisterConnection @1 () -> ();
  updateLocalConfiguration @2 (config :Data) -> ();
}
