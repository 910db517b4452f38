"""Codes of anatomy: what a structure is, for programs that do not read names.

References
----------
SNOMED CT as DICOM uses it: PS3.16 annex D (context groups 7150 to 7168) and PS3.3 C.8.20.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from unetscope.domain.structure_names import StructureName

SNOMED = "SCT"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept.

    Attributes
    ----------
    value : str
        Code value, such as ``10200004``.
    scheme : str
        Coding scheme designator: ``SCT`` is SNOMED CT.
    meaning : str
        What it says in words.
    """

    value: str
    scheme: str
    meaning: str

    def same_as(self, other: Code) -> bool:
        """Whether both are one concept, whatever words they are given."""
        return (self.value, self.scheme) == (other.value, other.scheme)


ANATOMICAL_STRUCTURE = Code("91723000", SNOMED, "Anatomical Structure")
ABNORMAL_STRUCTURE = Code("49755003", SNOMED, "Morphologically Abnormal Structure")
BODY_SUBSTANCE = Code("91720002", SNOMED, "Body Substance")
TISSUE = Code("85756007", SNOMED, "Tissue")
"""Also what a class is whose name says no more."""

# value, meaning, and other names that are not just another spelling
_TISSUES = (
    ("389081007", "Gray Matter", "brain gray matter"),
    ("389080008", "White Matter", "brain white matter"),
    ("55603005", "Fat", "adipose tissue", "fat tissue"),
    ("71616004", "Muscle"),
    ("127954009", "Skeletal muscle"),
    ("309312004", "Cartilage"),
    ("85756007", "Tissue", "soft tissue"),
)
_SUBSTANCES = (
    ("65216001", "Cerebrospinal Fluid"),
    ("87612001", "Blood"),
    ("15158005", "Air"),
)
_ABNORMAL = (
    ("52988006", "Lesion"),
    ("108369006", "Neoplasm", "tumor"),
    ("79654002", "Edema"),
    ("6574001", "Necrosis"),
    ("50960005", "Hemorrhage"),
    ("35566002", "Hematoma"),
    ("367643001", "Cyst"),
    ("27925004", "Nodule"),
    ("4147007", "Mass"),
)
_ANATOMY = (
    ("12738006", "Brain"),
    ("69536005", "Head"),
    ("89546000", "Skull"),
    ("39937001", "Skin"),
    ("272673000", "Bone"),
    ("40146001", "Cerebral cortex", "cerebral gray matter"),
    ("68523003", "Cerebral White Matter"),
    ("113305005", "Cerebellum"),
    ("25991003", "Cerebellar Cortex"),
    ("33060004", "Cerebellar White Matter"),
    ("119238007", "Brain Stem"),
    ("35764002", "Brain ventricle"),
    ("66720007", "Lateral Ventricle"),
    ("49841001", "Third ventricle", "3rd ventricle"),
    ("35918002", "Fourth Ventricle", "4th ventricle"),
    ("42695009", "Thalamus"),
    ("11000004", "Caudate Nucleus", "caudate"),
    ("89278009", "Putamen"),
    ("14738005", "Globus Pallidus", "pallidum"),
    ("4958002", "Amygdala"),
    ("5366008", "Hippocampus"),
    ("427667007", "Nucleus Accumbens", "accumbens"),
    ("88442005", "Corpus callosum"),
    ("70007007", "Substantia nigra"),
    ("36169008", "Insula"),
    ("56329008", "Pituitary", "pituitary gland", "hypophysis"),
    ("244453006", "Optic chiasm"),
    ("18234004", "Optic nerve"),
    ("81745001", "Eye"),
    ("79652003", "Eyeball"),
    ("78076003", "Lens"),
    ("45289007", "Parotid gland", "parotid"),
    ("91609006", "Mandible"),
    ("4596009", "Larynx"),
    ("69748006", "Thyroid", "thyroid gland"),
    ("2748008", "Spinal cord"),
    ("61853006", "Vertebral canal", "spinal canal"),
    ("51282000", "Vertebra"),
    ("421060004", "Spine"),
    ("54735007", "Sacrum"),
    ("113197003", "Rib"),
    ("56873002", "Sternum"),
    ("51299004", "Clavicle"),
    ("79601000", "Scapula"),
    ("85050009", "Humerus"),
    ("44567001", "Trachea"),
    ("39607008", "Lung"),
    ("80891009", "Heart"),
    ("87878005", "Left ventricle"),
    ("53085002", "Right ventricle"),
    ("82471001", "Left atrium"),
    ("73829009", "Right atrium"),
    ("122448007", "Cardiac muscle", "myocardium"),
    ("15825003", "Aorta"),
    ("64131007", "Inferior vena cava"),
    ("32764006", "Portal vein"),
    ("59820001", "Blood Vessel", "vessel"),
    ("51114001", "Artery"),
    ("29092000", "Vein"),
    ("32849002", "Esophagus"),
    ("76752008", "Breast"),
    ("10200004", "Liver"),
    ("78961009", "Spleen"),
    ("64033007", "Kidney"),
    ("15776009", "Pancreas"),
    ("28231008", "Gallbladder", "gall bladder"),
    ("69695003", "Stomach"),
    ("38848004", "Duodenum"),
    ("30315005", "Small intestine", "small bowel"),
    ("71854001", "Colon"),
    ("34402009", "Rectum"),
    ("23451007", "Adrenal gland", "adrenal"),
    ("89837001", "Bladder", "urinary bladder"),
    ("41216001", "Prostate", "prostate gland"),
    ("279706003", "Peripheral zone of the prostate", "peripheral zone"),
    ("399384005", "Transition zone of the prostate", "transition zone"),
    ("64739004", "Seminal Vesicle"),
    ("35039007", "Uterus"),
    ("78067005", "Placenta"),
    ("59441001", "Lymph Node"),
    ("118645006", "Pelvis"),
    ("29836001", "Hip"),
    ("71341001", "Femur"),
    ("12611008", "Tibia"),
    ("87342007", "Fibula"),
    ("64234005", "Patella"),
    ("74135004", "Meniscus"),
)
_GROUPS = (
    (TISSUE, _TISSUES),
    (BODY_SUBSTANCE, _SUBSTANCES),
    (ABNORMAL_STRUCTURE, _ABNORMAL),
    (ANATOMICAL_STRUCTURE, _ANATOMY),
)


def code_named(name: str) -> Code | None:
    """Code of a structure by its name, in any spelling; None when the table has none.

    A side that the table knows nothing of is left aside: a left kidney is a kidney.
    """
    found = StructureName.of(name)
    table = _by_name()
    return table.get((found.words, found.side)) or table.get((found.words, ""))


def category_of(code: Code) -> Code:
    """What kind of thing a code of this table is: the category that DICOM SEG asks for."""
    return _categories().get(code.value, TISSUE if code.same_as(TISSUE) else ANATOMICAL_STRUCTURE)


def known_codes() -> tuple[Code, ...]:
    """All codes of the table, by meaning; to choose from."""
    found = {(row[0], row[1]) for _, rows in _GROUPS for row in rows}
    return tuple(
        Code(value, SNOMED, meaning) for value, meaning in sorted(found, key=lambda r: r[1])
    )


@cache
def _by_name() -> dict[tuple[frozenset[str], str], Code]:
    table = {}
    for _, rows in _GROUPS:
        for value, meaning, *others in rows:
            for name in (meaning, *others):
                said = StructureName.of(name)
                table[said.words, said.side] = Code(value, SNOMED, meaning)
    return table


@cache
def _categories() -> dict[str, Code]:
    return {row[0]: category for category, rows in _GROUPS for row in rows}
