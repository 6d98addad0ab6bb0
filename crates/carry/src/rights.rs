//! The permissions of this capability.

kernel::permissions! {
    /// See what was brought in and handed over.
    pub ViewCarried = "carry:view" {
        OpsManager: All, HrCompliance: All, Liaison: All, Counterpart: All, PurchaserAdmin: All, PurchaserBusiness: All,
        SysAdmin: All,
    }
    /// Bring files of a predecessor in; of each kind only who may write the same by hand.
    pub ImportCarried = "carry:import" { OpsManager: All, HrCompliance: All, PurchaserAdmin: All, PurchaserBusiness: All }
    /// See the predecessor's closed contacts and tickets.
    pub ViewCarriedHistory = "carried_history:view" {
        Agent: Own, ShiftLead: All, OpsManager: All, Quality: All, PurchaserAdmin: All, PurchaserBusiness: All,
    }
    /// Ask for everything to be handed over, and take it away.
    pub RequestExports = "exports:request" { SysAdmin: All }
    /// Say yes or no to handing everything over.
    pub DecideExports = "exports:decide" { PurchaserAdmin: All }
    /// Return the data when the contract is over, delete what is held, sign for the supplier.
    pub HandleReturns = "data_returns:handle" { OpsManager: All }
    /// Say that the data are received, sign for the purchaser.
    pub AcceptReturns = "data_returns:accept" { PurchaserAdmin: All }
}
