//! What the behaviours share.

pub mod actors;
pub mod capture;
pub mod clock;
pub mod desk;
pub mod echo;
pub mod front;
pub mod handset;
pub mod listen;
pub mod logs;
pub mod media;
pub mod node_smsc;
pub mod partner;
pub mod people;
pub mod photo;
pub mod postgres;
pub mod program;
pub mod provider;
pub mod providers;
pub mod routes;
pub mod serve;
pub mod shopper;
pub mod tongue;
pub mod village;
pub mod wire;
